# Passes if SOURCE, or HEADER included twice and alone, compiles without a warning.

string(REPLACE "|" ";" FLAGS "${FLAGS}")
list(APPEND FLAGS -fsyntax-only -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)
if(HEADER)
  set(input -include "${HEADER}" -include "${HEADER}" -x c++ /dev/null)
else()
  set(input "${SOURCE}")
endif()
execute_process(COMMAND "${COMPILER}" ${FLAGS} ${input} RESULT_VARIABLE result ERROR_VARIABLE output)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "${SOURCE}${HEADER} must compile, but the compiler said:\n${output}")
endif()
