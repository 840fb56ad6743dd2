# Third-party libraries, each as a target dep_<name>. All are Debian packages; tools/setup installs them.

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

# engaged_dependency(NAME PC-MODULE-SPEC): target dep_NAME from pkg-config, or an error with the way out.
function(engaged_dependency name spec)
    pkg_check_modules(${name} QUIET IMPORTED_TARGET GLOBAL ${spec})
    if(NOT ${name}_FOUND)
        message(FATAL_ERROR "the library ${spec} was not found: run tools/setup")
    endif()
    add_library(dep_${name} INTERFACE)
    target_link_libraries(dep_${name} INTERFACE PkgConfig::${name})
endfunction()

engaged_dependency(avro avro-c)
engaged_dependency(jansson jansson>=2.12)
engaged_dependency(uv libuv>=1.40)
engaged_dependency(microhttpd libmicrohttpd>=0.9.73)
engaged_dependency(yaml yaml-0.1)
engaged_dependency(zlib zlib)

# Used as a header only (XXH_INLINE_ALL).
find_path(ENGAGED_XXHASH_INCLUDE xxhash.h)
if(NOT ENGAGED_XXHASH_INCLUDE)
    message(FATAL_ERROR "xxhash.h was not found: run tools/setup")
endif()
add_library(dep_xxhash INTERFACE)
target_include_directories(dep_xxhash SYSTEM INTERFACE ${ENGAGED_XXHASH_INCLUDE})

# librdkafka: the project's own where tools/setup had to build one, else the system's. Older than 2.8 is
# refused: such a version stops fetching for a second at a time, and its batch calls can skip records.
# The static archive is taken where there is one, so that the daemon is one file to copy.
set(ENGAGED_RDKAFKA_MIN 2.8.0)
set(ENGAGED_DEPS_DIR ${PROJECT_SOURCE_DIR}/build/deps CACHE PATH "Where tools/setup builds libraries")

function(engaged_find_rdkafka)
    set(own ${ENGAGED_DEPS_DIR}/librdkafka/lib/pkgconfig)
    if(EXISTS ${own}/rdkafka.pc)
        set(ENV{PKG_CONFIG_PATH} "${own}:$ENV{PKG_CONFIG_PATH}")
    endif()
    pkg_check_modules(rdkafka QUIET rdkafka)
    if(NOT rdkafka_FOUND)
        message(FATAL_ERROR "librdkafka was not found: run tools/setup")
    endif()
    if(rdkafka_VERSION VERSION_LESS ENGAGED_RDKAFKA_MIN)
        message(FATAL_ERROR "librdkafka ${rdkafka_VERSION} is older than ${ENGAGED_RDKAFKA_MIN}: run tools/setup")
    endif()
    pkg_get_variable(directory rdkafka libdir)
    find_library(ENGAGED_RDKAFKA_ARCHIVE librdkafka.a PATHS ${directory} NO_DEFAULT_PATH NO_CACHE)
    find_library(ENGAGED_RDKAFKA_SHARED librdkafka.so PATHS ${directory} NO_DEFAULT_PATH NO_CACHE)
    add_library(dep_rdkafka INTERFACE)
    target_include_directories(dep_rdkafka SYSTEM INTERFACE ${rdkafka_INCLUDE_DIRS})
    if(ENGAGED_RDKAFKA_ARCHIVE)
        # What the archive itself needs, linked as shared libraries: not the private needs of those in turn.
        execute_process(COMMAND ${PKG_CONFIG_EXECUTABLE} --print-requires-private rdkafka
                        OUTPUT_VARIABLE modules OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
        string(REGEX REPLACE "[ \t]*\n[ \t]*" ";" modules "${modules}")
        pkg_check_modules(rdkafka_needs REQUIRED QUIET IMPORTED_TARGET GLOBAL ${modules})
        set(found ${ENGAGED_RDKAFKA_ARCHIVE})
        target_link_libraries(dep_rdkafka INTERFACE ${found} PkgConfig::rdkafka_needs
                              Threads::Threads ${CMAKE_DL_LIBS} m rt)
    else()
        set(found ${ENGAGED_RDKAFKA_SHARED})
        target_link_libraries(dep_rdkafka INTERFACE ${found})
    endif()
    message(STATUS "librdkafka ${rdkafka_VERSION}: ${found}")
endfunction()
engaged_find_rdkafka()
