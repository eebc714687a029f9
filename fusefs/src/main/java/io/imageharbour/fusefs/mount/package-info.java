/** The content mount: what the kernel asks, answered from the CAS and the fetch path. */
package io.imageharbour.fusefs.mount;
