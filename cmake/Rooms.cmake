# The rooms of src/, what each may use, and what is made of them.
#
#   cli -> serve -> stream -> model, codec -> engine -> base
#
# tools/tidy checks that no file includes against this direction.

# engaged_room(NAME USES...): library eng_NAME from src/NAME. A room without files is an empty interface.
function(engaged_room room)
    file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${room}/*.c)
    list(REMOVE_ITEM sources ${PROJECT_SOURCE_DIR}/src/cli/main.c)
    if(sources)
        add_library(eng_${room} STATIC ${sources})
        target_compile_options(eng_${room} PRIVATE ${ENGAGED_WARNINGS_ROOM})
        set(scope PUBLIC)
    else()
        add_library(eng_${room} INTERFACE)
        set(scope INTERFACE)
    endif()
    target_include_directories(eng_${room} ${scope} ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
    target_link_libraries(eng_${room} ${scope} ${ARGN})
endfunction()

engaged_room(base Threads::Threads)
engaged_room(engine eng_base dep_xxhash m)
if(NOT ENGAGED_SANITIZE)
    # One translation unit: small functions of one file are called by others for every event. The other
    # presets build file by file, so that no file leans on what another includes.
    set_target_properties(eng_engine PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 0)
    target_compile_options(eng_engine PRIVATE -O3)
endif()
engaged_room(model eng_engine dep_yaml)
engaged_room(codec eng_engine dep_avro dep_jansson dep_zlib m)
engaged_room(stream eng_model eng_codec dep_rdkafka)
engaged_room(serve eng_stream dep_uv dep_microhttpd)
engaged_room(cli eng_serve)
target_compile_definitions(eng_base PUBLIC ENGAGED_VERSION="${PROJECT_VERSION}")

if(EXISTS ${PROJECT_SOURCE_DIR}/src/cli/main.c)
    add_executable(engaged src/cli/main.c)
    target_link_libraries(engaged PRIVATE eng_cli)
    if(ENGAGED_JEMALLOC)
        # librdkafka allocates a record in one thread, and the worker frees it in another: with glibc both want
        # one lock. Position independent, so that the daemon stays one file to copy.
        find_library(ENGAGED_JEMALLOC_ARCHIVE NAMES libjemalloc_pic.a jemalloc REQUIRED)
        target_link_libraries(engaged PRIVATE -Wl,--undefined=malloc ${ENGAGED_JEMALLOC_ARCHIVE})
    endif()
endif()

# What an embedder links with: base, engine and model in one archive.
set(engaged_objects "")
foreach(room base engine model)
    get_target_property(type eng_${room} TYPE)
    if(type STREQUAL STATIC_LIBRARY)
        list(APPEND engaged_objects $<TARGET_OBJECTS:eng_${room}>)
    endif()
endforeach()
add_library(libengaged STATIC ${engaged_objects})
set_target_properties(libengaged PROPERTIES OUTPUT_NAME engaged LINKER_LANGUAGE C)
target_include_directories(libengaged INTERFACE ${PROJECT_SOURCE_DIR}/include)
target_link_libraries(libengaged INTERFACE dep_yaml Threads::Threads m)
