/** How far long work has come, on a terminal and elsewhere. */
package io.imageharbour.cli.progress;
