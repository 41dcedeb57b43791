package storage

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
)

// class assembles the smallest class file with the methods given, as "access name descriptor". It begins with a long constant, which
// takes two places, and has a field with an attribute: what a reader must get past.
func class(methods ...string) []byte {
	var b bytes.Buffer
	u1 := func(v int) { b.WriteByte(byte(v)) }
	u2 := func(v int) { _ = binary.Write(&b, binary.BigEndian, uint16(v)) }
	u4 := func(v int) { _ = binary.Write(&b, binary.BigEndian, uint32(v)) }
	text := []string{"f", "J", "ConstantValue"}
	for _, m := range methods {
		text = append(text, strings.Fields(m)[1:]...)
	}
	u4(0xCAFEBABE)
	u4(61) // Java 17
	u2(3 + len(text))
	u1(5)
	u4(0)
	u4(42)
	for _, s := range text {
		u1(1)
		u2(len(s))
		b.WriteString(s)
	}
	index := func(s string) int {
		for i, have := range text {
			if have == s {
				return i + 3
			}
		}
		return 0
	}
	for range 3 { // access, this, super
		u2(0)
	}
	u2(1) // one interface
	u2(0)
	u2(1) // one field
	u2(0x19)
	u2(index("f"))
	u2(index("J"))
	u2(1)
	u2(index("ConstantValue"))
	u4(2)
	u2(1)
	u2(len(methods))
	for _, m := range methods {
		var access int
		f := strings.Fields(m)
		_, _ = fmt.Sscan(f[0], &access)
		u2(access)
		u2(index(f[1]))
		u2(index(f[2]))
		u2(0)
	}
	u2(0)
	return b.Bytes()
}

var withMain = class("9 main ([Ljava/lang/String;)V")

func TestAClassWithAMain(t *testing.T) {
	t.Parallel()
	for why, tt := range map[string]struct {
		data []byte
		want bool
	}{
		"public static":      {class("9 main ([Ljava/lang/String;)V"), true},
		"and final, varargs": {class("153 main ([Ljava/lang/String;)V"), true},
		"behind others":      {class("1 <init> ()V", "9 run ()V", "9 main ([Ljava/lang/String;)V"), true},
		"no methods":         {class(), false},
		"not static":         {class("1 main ([Ljava/lang/String;)V"), false},
		"not public":         {class("8 main ([Ljava/lang/String;)V"), false},
		"another argument":   {class("9 main (Ljava/lang/String;)V"), false},
		"another result":     {class("9 main ([Ljava/lang/String;)I"), false},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			if got, err := hasMain(tt.data); err != nil || got != tt.want {
				t.Errorf("got %t, %v, want %t", got, err, tt.want)
			}
		})
	}
	for n := range withMain[:len(withMain)-2] { // what is behind the methods is not read
		if got, err := hasMain(withMain[:n]); err == nil {
			t.Errorf("cut at %d of %d: got %t without an error", n, len(withMain), got)
		}
	}
}

func FuzzHasMain(f *testing.F) {
	f.Add(withMain)
	f.Add(class())
	f.Add([]byte{0xCA, 0xFE, 0xBA, 0xBE, 0, 0, 0, 61, 0xFF, 0xFF})
	f.Fuzz(func(t *testing.T, data []byte) {
		if has, err := hasMain(data); has && (err != nil || !bytes.Contains(data, []byte("([Ljava/lang/String;)V"))) {
			t.Fatalf("a main was found where none is: %v", err)
		}
	})
}
