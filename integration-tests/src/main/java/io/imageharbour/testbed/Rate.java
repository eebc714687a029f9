package io.imageharbour.testbed;

/**
 * What a network carries.
 *
 * @param name as people say it
 * @param mbit megabits per second, 0 for no limit
 */
public record Rate(String name, int mbit) {
  public static final Rate GIGABIT = new Rate("1 Gbit/s", 1000);
  public static final Rate FAST_ETHERNET = new Rate("100 Mbit/s", 100);
}
