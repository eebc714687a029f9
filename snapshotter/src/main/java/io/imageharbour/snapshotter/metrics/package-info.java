/** What Prometheus is told. */
package io.imageharbour.snapshotter.metrics;
