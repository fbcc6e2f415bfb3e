// Package demo generates the life of a dealer group: a brand, three regions, twelve dealers, their employees, and
// customers who arrive, buy, come to the workshop, answer surveys, complain, leave and sometimes come back.
//
// # How it works
//
// The generator is a simulation of separate events. An agenda holds what is going to happen, ordered by time. The step
// that is next is taken off, makes its events, and puts further steps on the agenda: an inquiry is answered minutes
// later, a car is handed over weeks after its order, the next workshop visit lies one cadence of the customer ahead. So
// events come in the order of their time whatever the number of customers, but for the few that an employee records days
// after, and the lives go on without end when they are read beyond the end of the period.
//
// # What is the same on every run
//
// The same Options give the same bytes on every run and every machine. Each customer and each dealer draws from a
// generator of its own, seeded with Options.Seed and its number; the arithmetic is that of whole numbers; ids are
// UUIDs of version 5 of the seed, the stream and the number of the event in it; there is no clock and nothing is read in
// the order of a map.
//
// # Why customers leave
//
// Dealers differ in five aspects of quality. What happens to a customer follows from them: a repeat fault, a broken
// promise or a late handover is more likely at a weak dealer, and each changes the customer's mood. Mood decides
// survey scores, complaints, price objections and in the end the departure, so the signs come before the loss. The
// owner's departure, a competitor, a changed need and outer circumstances are reasons as well, with signs of their own.
// A share of the customers leave without any sign. docs/demo.md describes each cause and every parameter.
//
// # What is not there
//
// Warnings get their ids from the engine that raises them, so the warning.* events here carry ids of a list kept on
// paper, which match no warning of the engine.
package demo
