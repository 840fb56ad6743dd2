# cmake -D PROGRAM=... -D ARGUMENT=... -D EXPECTED=FILE -P CompareOutput.cmake: fails unless PROGRAM ends well
# and prints exactly what FILE holds.

execute_process(COMMAND ${PROGRAM} ${ARGUMENT} OUTPUT_VARIABLE got ERROR_VARIABLE error RESULT_VARIABLE result)
file(READ ${EXPECTED} want)
if(NOT result EQUAL 0)
    message(FATAL_ERROR "exit ${result}: ${error}")
endif()
if(NOT got STREQUAL want)
    message(FATAL_ERROR "printed:\n${got}\ninstead of:\n${want}")
endif()
