/**
 * The folder file system: serves Flink's {@code abfs}, {@code abfss}, {@code wasb} and {@code wasbs} URIs from a folder. What it
 * hands back, and what it writes into state, are always the URIs it was asked for, never local paths: a folder may move between
 * two lives of a job.
 *
 * <p>Keys of the Flink configuration:
 *
 * <ul>
 *   <li>{@code drey.fs.root}: the folder that has ACCOUNT/CONTAINER below it
 *   <li>{@code drey.fs.account.NAME}: another folder for that account, with its containers below it
 *   <li>{@code drey.fs.buffer}: {@code false} reads unbuffered, as Flink's own file system does
 *   <li>{@code drey.fs.link}: {@code false} copies *.sst files out instead of linking them
 *   <li>{@code drey.fs.sync}: {@code true} forces every file to disk when it is closed
 *   <li>{@code drey.fs.resume}: {@code copy} leaves the unfinished file of a sink as a savepoint knew it ({@code append}, as
 *       Flink does, goes on writing to it), so that the same savepoint can be restored twice
 * </ul>
 */
package drey.fs;
