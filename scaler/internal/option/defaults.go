package option

import (
	"fmt"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// SetDefaults sets options to their defaults. Those without one stay as they are.
func SetDefaults(options []Option) {
	for _, o := range options {
		if o.Default == "" {
			continue
		}
		v, err := convert.Convert(cty.StringVal(o.Default), o.Type)
		if err == nil {
			err = o.Set(v)
		}
		if err != nil {
			panic(fmt.Sprintf("option: the default of %s does not hold: %v", o.Name, err))
		}
	}
}
