# What only those who work on fornax need: warnings, sanitizers, the compiler cache.

# Warnings reach our own targets alone: link fornax_warnings privately, and through BUILD_INTERFACE where a target is
# installed.
add_library(fornax_warnings INTERFACE)
# -Wrestrict: at -O3 g++ 12 sees overlaps in concatenations of strings that are not there (GCC bug 105651).
target_compile_options(fornax_warnings INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow
                                                 $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
                                                 $<$<BOOL:${FORNAX_WERROR}>:-Werror>)

if(FORNAX_SANITIZE)
  add_compile_options(-fsanitize=${FORNAX_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${FORNAX_SANITIZE})
  # Instrumented code confuses the flow analysis behind these (GCC manual, -fsanitize: "may yield false positives").
  target_compile_options(fornax_warnings INTERFACE -Wno-error=maybe-uninitialized -Wno-error=stringop-overflow
                                                   -Wno-error=array-bounds)
endif()

if(PROJECT_IS_TOP_LEVEL)
  set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
  find_program(FORNAX_CCACHE ccache DOC "Compiler cache; used if found")
  if(FORNAX_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    # Without this sloppiness ccache refuses every source that uses a precompiled header. Paths count from the checkout, so
    # that a second one beside it finds what the first has compiled.
    set(CMAKE_CXX_COMPILER_LAUNCHER
        "${CMAKE_COMMAND}" -E env CCACHE_SLOPPINESS=pch_defines,time_macros "CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}"
        CCACHE_NOHASHDIR=1 "${FORNAX_CCACHE}")
  endif()
endif()
