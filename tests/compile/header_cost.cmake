# Compiles SOURCE, which is WHAT, three times with -O2 and reports the smallest time, in seconds, beside the BOUNDS that it
# should keep, to the log and to the file OUTPUT.
# The figure depends on the machine and its load: it fails only if SOURCE does not compile.

string(REPLACE "|" ";" FLAGS "${FLAGS}")
set(best 0)
foreach(round RANGE 1 3)
  string(TIMESTAMP start "%s%f")
  execute_process(COMMAND "${COMPILER}" ${FLAGS} -O2 -c "${SOURCE}" -o /dev/null
                  RESULT_VARIABLE result ERROR_VARIABLE output)
  string(TIMESTAMP end "%s%f")
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "${SOURCE} does not compile:\n${output}")
  endif()
  math(EXPR took "(${end} - ${start}) / 1000")
  if(best EQUAL 0 OR took LESS best)
    set(best ${took})
  endif()
endforeach()

math(EXPR seconds "${best} / 1000")
math(EXPR rest "${best} % 1000 + 1000")  # + 1000 keeps the leading zeros
string(SUBSTRING "${rest}" 1 3 rest)
set(report "header cost: ${WHAT} compiles in ${seconds}.${rest} s (g++ -O2 -c, best of 3; ${BOUNDS})")
message(STATUS "${report}")
file(WRITE "${OUTPUT}" "${report}\n")
