package main

import (
	"strconv"
	"strings"
)

// splitAddress takes "192.0.2.10/24" apart; without a length it is a host's own.
func splitAddress(text string) (string, int32) {
	address, length, found := strings.Cut(text, "/")
	if number, err := strconv.ParseInt(length, 10, 32); found && err == nil {
		return address, int32(number)
	}
	if strings.Contains(address, ":") {
		return address, 128
	}
	return address, 32
}
