# Passes if SOURCE does not compile and the compiler says the sentence that stands on its first line: // expect: <sentence>
# It has to be the only error, and what the compiler says around it fits on a screen.

file(READ "${SOURCE}" text)
if(NOT text MATCHES "^// expect: ([^\n]+)\n")
  message(FATAL_ERROR "${SOURCE}: the first line must read `// expect: <sentence>`")
endif()
set(sentence "${CMAKE_MATCH_1}")

string(REPLACE "|" ";" FLAGS "${FLAGS}")
set(ENV{LC_ALL} C)  # plain quotation marks in the compiler's output
execute_process(COMMAND "${COMPILER}" ${FLAGS} -fsyntax-only "${SOURCE}" RESULT_VARIABLE result ERROR_VARIABLE output)

if(result EQUAL 0)
  message(FATAL_ERROR "${SOURCE} compiles, but must be refused with: ${sentence}")
endif()
string(FIND "${output}" "${sentence}" at)
if(at EQUAL -1)
  message(FATAL_ERROR "${SOURCE} is refused, but not with: ${sentence}\nThe compiler said:\n${output}")
endif()
string(REGEX MATCHALL ": (fatal )?error: " errors "${output}")
list(LENGTH errors count)
string(REGEX MATCHALL "\n" lines "${output}")
list(LENGTH lines length)
if(NOT count EQUAL 1 OR length GREATER 30)
  message(FATAL_ERROR "${SOURCE}: the sentence drowns in ${count} errors and ${length} lines:\n${output}")
endif()
message(STATUS "refused as expected: ${sentence}")
