// The one source that the shared precompiled header is built with.
