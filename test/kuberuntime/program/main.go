// The program that acts out the scripts of the conformance suite inside a container.
package main

import "drey/internal/runtime/runtimetest"

func main() { runtimetest.Main() }
