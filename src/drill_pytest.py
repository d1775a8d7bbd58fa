"""pytest entry point, outside the package so that pytest can load it without importing drill."""
