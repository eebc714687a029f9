/** What a daemon of Harbour's has besides its work: configuration, log lines, metrics, systemd. */
@NullMarked
package io.imageharbour.pool.process;

import org.jspecify.annotations.NullMarked;
