/** The log's lines: one for each event, which values from outside can neither break nor forge. */
package io.imageharbour.snapshotter.log;
