/**
 * The content store of a node: file contents by digest, kept in a directory, served to the kernel
 * through a FUSE mount while they are not all there, and brought from {@link
 * io.imageharbour.fusefs.ContentSource sources} when they are first read.
 */
package io.imageharbour.fusefs;
