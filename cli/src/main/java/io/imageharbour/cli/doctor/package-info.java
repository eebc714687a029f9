/** Whether this machine's containerd and {@code harbourd} know each other. */
package io.imageharbour.cli.doctor;
