// Package common has a name that says nothing.
package common // want: package name common says nothing
