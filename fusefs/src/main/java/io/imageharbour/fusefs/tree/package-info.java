/**
 * Whole file trees of images as FUSE file systems, by jnr-fuse and libfuse 2: for kernels that
 * cannot follow a tree into data-only layers, and for users without root. Nothing of jnr-fuse is
 * loaded before the first tree is mounted.
 */
package io.imageharbour.fusefs.tree;
