# `cmake --install build/release --prefix DIR`: the daemon, and what an embedding program needs.

configure_file(cmake/engaged.pc.in ${PROJECT_BINARY_DIR}/engaged.pc @ONLY)

if(TARGET engaged)
    install(TARGETS engaged COMPONENT daemon)
endif()
install(TARGETS libengaged COMPONENT library)
install(DIRECTORY include/engaged DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT library
        FILES_MATCHING PATTERN "*.h")
install(FILES ${PROJECT_BINARY_DIR}/engaged.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT library)
install(DIRECTORY config schemas DESTINATION ${CMAKE_INSTALL_DATADIR}/engaged COMPONENT daemon
        FILES_MATCHING PATTERN "*.yaml" PATTERN "*.avsc")
