# Language, warnings, optimisation and sanitizers, for gcc 12 and clang 14 or newer.

include(CheckCCompilerFlag)

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

# Asserts stay on in release, so no build type defines NDEBUG. Debug information is kept: a crash report
# without line numbers helps nobody.
if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Build type" FORCE)
endif()
set(CMAKE_C_FLAGS_RELEASE "-O2 -g")
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g")
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g")
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g")

set(ENGAGED_WARNINGS
    -Wall -Wextra -Werror
    -Wcast-align -Wdouble-promotion -Wformat=2 -Wpointer-arith -Wshadow -Wundef -Wvla -Wwrite-strings)
set(ENGAGED_WARNINGS_C ${ENGAGED_WARNINGS}
    -Wbad-function-cast -Wmissing-prototypes -Wold-style-definition -Wstrict-prototypes)
# The rooms of src/ are held to more than tests are.
set(ENGAGED_WARNINGS_ROOM -Wcast-qual -Wconversion -Wno-sign-conversion)
if(CMAKE_C_COMPILER_ID MATCHES Clang)
    list(APPEND ENGAGED_WARNINGS_ROOM -Wno-string-conversion) # eng_assert(!"why") is meant.
endif()
foreach(flag -Wduplicated-cond -Wlogical-op -Wjump-misses-init)
    string(MAKE_C_IDENTIFIER "have${flag}" name)
    check_c_compiler_flag(${flag} ${name})
    if(${name})
        list(APPEND ENGAGED_WARNINGS_C ${flag})
    endif()
endforeach()
add_compile_options("$<$<COMPILE_LANGUAGE:C>:${ENGAGED_WARNINGS_C}>")

# __FILE__ is "src/...", whatever the checkout is called: the same sources give the same bytes.
# Nobody replaces a function of ours by one of the same name, so calls may be inlined although the code can go
# into a shared library of an embedder.
add_compile_options(-fno-semantic-interposition)
add_compile_options(-fmacro-prefix-map=${PROJECT_SOURCE_DIR}/= -fno-common)
add_link_options(-Wl,--as-needed)

if(ENGAGED_SANITIZE)
    add_compile_options(-fsanitize=${ENGAGED_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    add_link_options(-fsanitize=${ENGAGED_SANITIZE})
    if(CMAKE_C_COMPILER_ID STREQUAL GNU)
        # What these follow through the code is hidden from them by the sanitizers' own.
        add_compile_options(-Wno-format-truncation -Wno-maybe-uninitialized)
    endif()
else()
    add_compile_options(-fstack-protector-strong)
    add_compile_definitions("$<$<NOT:$<CONFIG:Debug>>:_FORTIFY_SOURCE=2>")
    add_link_options(-Wl,-z,relro -Wl,-z,now)
endif()

if(ENGAGED_FUZZ)
    if(NOT CMAKE_C_COMPILER_ID MATCHES Clang)
        message(FATAL_ERROR "ENGAGED_FUZZ needs clang: use `cmake --preset fuzz`, or set CMAKE_C_COMPILER=clang")
    endif()
    add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# C++ is used by tests only: the public headers have to compile as C++.
macro(engaged_compiler_cxx)
    set(CMAKE_CXX_STANDARD 11)
    set(CMAKE_CXX_STANDARD_REQUIRED ON)
    add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:${ENGAGED_WARNINGS}>")
endmacro()
