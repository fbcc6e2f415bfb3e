// Package valuation ranks customers by what they are worth: the classes of the ABC analysis and how unevenly value is spread
// (SV-03), the scores of RFM (SV-04), and the least values from which a customer belongs to a class. Everything in it is a
// pure function of amounts in minor units of one currency.
package valuation
