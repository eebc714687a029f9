/** Images made again as they were before they were converted, and checked that they can be. */
package io.imageharbour.indexer.restore;
