# Passes if PAGE quotes SOURCE and PROGRAM prints what PAGE says.
#
# The ```cpp blocks of the page are the regions of the source, all of them, in any order: from a line `// [name]` to
# `// [/name]`, without the indentation of these lines. The ```text blocks, one after the other, are the output of the program.
# Texts are only ever searched and cut: in a CMake list their semicolons and brackets would fall apart.

file(READ "${PAGE}" page)
file(READ "${SOURCE}" source)

# take(TEXT FROM TO): `taken` is what stands between FROM and the next TO in the variable TEXT, which is cut behind it;
# undefined if there is no FROM.
function(take text from to)
  string(FIND "${${text}}" "${from}" begin)
  if(begin EQUAL -1)
    unset(taken PARENT_SCOPE)
    return()
  endif()
  string(LENGTH "${from}" length)
  math(EXPR begin "${begin} + ${length}")
  string(SUBSTRING "${${text}}" ${begin} -1 rest)
  string(FIND "${rest}" "${to}" end)
  if(end EQUAL -1)
    message(FATAL_ERROR "${PAGE}, ${SOURCE}: nothing closes what begins at\n${rest}")
  endif()
  string(SUBSTRING "${rest}" 0 ${end} found)
  string(LENGTH "${to}" length)
  math(EXPR end "${end} + ${length}")
  string(SUBSTRING "${rest}" ${end} -1 rest)
  set(taken "${found}" PARENT_SCOPE)
  set(${text} "${rest}" PARENT_SCOPE)
endfunction()

# Quotations.
set(blocks "${page}")
set(count 0)
while(source MATCHES "\n?( *)// \\[([a-z_]+)\\]\n")
  set(indent "${CMAKE_MATCH_1}")
  set(name "${CMAKE_MATCH_2}")
  take(source "// [${name}]" "\n${indent}// [/${name}]\n")
  string(REPLACE "\n${indent}" "\n" region "${taken}")
  string(FIND "${blocks}" "\n```cpp${region}\n```\n" at)
  if(at EQUAL -1)
    message(FATAL_ERROR "${PAGE} does not quote region [${name}] of ${SOURCE}, which is now:${region}")
  endif()
  string(REPLACE "\n```cpp${region}\n```\n" "\n" blocks "${blocks}")
  math(EXPR count "${count} + 1")
endwhile()
take(blocks "\n```cpp" "\n```\n")
if(DEFINED taken OR count EQUAL 0)
  message(FATAL_ERROR "${PAGE} has a block that is none of the ${count} regions of ${SOURCE}:${taken}")
endif()

# Output.
set(expected "")
take(page "\n```text\n" "```\n")
while(DEFINED taken)
  string(APPEND expected "${taken}")
  take(page "\n```text\n" "```\n")
endwhile()
execute_process(COMMAND "${PROGRAM}" RESULT_VARIABLE result OUTPUT_VARIABLE output)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "${PROGRAM} ends with ${result}, after\n${output}")
endif()
if(NOT output STREQUAL expected)
  message(FATAL_ERROR "${PAGE} says that ${SOURCE} prints\n${expected}\nIt prints\n${output}")
endif()
message(STATUS "${count} quotations, and the output, are as the page has them")
