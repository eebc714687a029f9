/** Ways of reaching an agent's memory behind one interface; each in a package below this one. */
@NullMarked
package io.imageharbour.pool.transport;

import org.jspecify.annotations.NullMarked;
