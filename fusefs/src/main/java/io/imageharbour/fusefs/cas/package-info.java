/** The directory of whole files by digest: how files come into it and stay right over crashes. */
package io.imageharbour.fusefs.cas;
