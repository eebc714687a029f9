/** The file tree of an index, found by path and listed. */
package io.imageharbour.cli.tree;
