"""Tags: labels written as hashtags in descriptions of entries (`docs/api/tags.md`)."""
