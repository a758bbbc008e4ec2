# cmake -DFILE=… -DSTRIP=… -P report_size.cmake: prints the size of a binary, in all and without symbols.
set(stripped "${FILE}.stripped")
execute_process(COMMAND "${STRIP}" -o "${stripped}" "${FILE}" COMMAND_ERROR_IS_FATAL ANY)
file(SIZE "${FILE}" all)
file(SIZE "${stripped}" without_symbols)
file(REMOVE "${stripped}")
cmake_path(GET FILE FILENAME name)
message("${name}: ${all} bytes, ${without_symbols} without symbols")
