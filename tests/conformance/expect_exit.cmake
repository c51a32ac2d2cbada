# RUNNER with ARGUMENTS (a list joined by "|") must exit with EXIT and print something that matches OUTPUT.
string(REPLACE "|" ";" ARGUMENTS "${ARGUMENTS}")
execute_process(COMMAND "${RUNNER}" ${ARGUMENTS} RESULT_VARIABLE exit OUTPUT_VARIABLE printed ERROR_VARIABLE complaints)
if(NOT exit STREQUAL EXIT)
  message(FATAL_ERROR "exited with ${exit}, not ${EXIT}:\n${printed}${complaints}")
endif()
if(NOT "${printed}${complaints}" MATCHES "${OUTPUT}")
  message(FATAL_ERROR "printed nothing that matches \"${OUTPUT}\":\n${printed}${complaints}")
endif()
