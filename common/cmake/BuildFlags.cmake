# build_flags: warnings, hardening and sanitizers for our own targets. Nothing is set globally.
include(CheckCCompilerFlag)
include(CheckLinkerFlag)

add_library(build_flags INTERFACE)
target_include_directories(build_flags INTERFACE "${PROJECT_SOURCE_DIR}" "${PROJECT_BINARY_DIR}/generated")
target_compile_definitions(build_flags INTERFACE _POSIX_C_SOURCE=200809L _DEFAULT_SOURCE
    CLERK_VERSION="${PROJECT_VERSION}")
target_compile_options(build_flags INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes
    -Wmissing-prototypes -Wcast-qual -Wformat=2 -Wvla -Wundef -Wpointer-arith -Wwrite-strings -Wimplicit-fallthrough
    $<$<BOOL:${WERROR}>:-Werror>)
# Hardening after the OpenSSF compiler guide; each flag is taken where the compiler has it.
set(hardening -fstack-protector-strong -fstack-clash-protection -fcf-protection=full -mbranch-protection=standard
    -ftrivial-auto-var-init=zero -fno-delete-null-pointer-checks -fno-strict-overflow -fstrict-flex-arrays=3)
set(CMAKE_REQUIRED_FLAGS -Werror) # clang merely warns of a flag that another machine would have
foreach(flag IN LISTS hardening)
    string(MAKE_C_IDENTIFIER "HAS${flag}" probe)
    check_c_compiler_flag(${flag} ${probe})
    if(${probe})
        target_compile_options(build_flags INTERFACE ${flag})
    endif()
endforeach()
unset(CMAKE_REQUIRED_FLAGS)
foreach(flag -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,-z,nodlopen -Wl,-z,separate-code)
    string(MAKE_C_IDENTIFIER "HAS${flag}" probe)
    check_linker_flag(C ${flag} ${probe})
    if(${probe} AND NOT SANITIZE)
        target_link_options(build_flags INTERFACE ${flag})
    endif()
endforeach()
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
include(CheckPIESupported)
check_pie_supported(LANGUAGES C)

if(SANITIZE)
    target_compile_options(build_flags INTERFACE -fsanitize=${SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(build_flags INTERFACE -fsanitize=${SANITIZE})
elseif(NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
    target_compile_options(build_flags INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
endif()
if(FAULTS)
    target_compile_definitions(build_flags INTERFACE CLERK_FAULTS)
endif()
if(FUZZ)
    target_compile_options(build_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
