/** File trees, of directories or images, compared as a program would see them. */
package io.imageharbour.cli.diff;
