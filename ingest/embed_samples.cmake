# cmake -DFOLDER=… -DOUTPUT=… -P embed_samples.cmake
# Writes the samples that FOLDER/ORDER.txt names, in that order, into one C header, as arrays of bytes: string literals over
# 4095 bytes are not portable C, and xxd is not on every machine.
set(arrays "")
set(table "")
set(number 0)
file(STRINGS "${FOLDER}/ORDER.txt" names)
foreach(name IN LISTS names)
    file(READ "${FOLDER}/${name}" hex HEX)
    string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
    string(REGEX REPLACE "\\.json$" "" type "${name}")
    string(APPEND arrays "static const unsigned char sample_${number}[] = {${bytes}};\n")
    string(APPEND table "    { { \"${type}\", sizeof \"${type}\" - 1 }, { (const char *)sample_${number}, sizeof sample_${number} } },\n")
    math(EXPR number "${number} + 1")
endforeach()
file(WRITE "${OUTPUT}" "/* Generated from ingest/samples by embed_samples.cmake; included by sample.c alone. */\n"
    "${arrays}static const struct sample samples[] = {\n${table}};\n")
