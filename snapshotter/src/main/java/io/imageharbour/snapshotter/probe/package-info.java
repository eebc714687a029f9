/** What this machine can do, found out by doing it. */
package io.imageharbour.snapshotter.probe;
