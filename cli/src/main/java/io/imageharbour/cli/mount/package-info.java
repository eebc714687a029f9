/** What {@code harbourctl mount} consists of: directory, cache, background process. */
package io.imageharbour.cli.mount;
