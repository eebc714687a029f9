/** Machines with another release of Debian than this one, for the clients that come with it. */
@NullMarked
package io.imageharbour.testbed.machine;

import org.jspecify.annotations.NullMarked;
