/**
 * The Linux system calls that Java has no words for, through the Foreign Function & Memory API:
 * mounts, loop devices, ioctl, flushing one file system. Nothing here knows Harbour.
 */
package io.imageharbour.fusefs.linux;
