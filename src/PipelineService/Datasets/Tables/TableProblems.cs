using Npgsql;
using PipelineService.Core.Datasets;
using PipelineService.Hosting.Http;

namespace PipelineService.Datasets.Tables;

/// <summary>What PostgreSQL says against a change of a table, as problems that a client can act on.</summary>
internal static class TableProblems
{
    private const string Pointer = "/load/table";

    /// <summary>The problem that an error of PostgreSQL means; null for errors that are not the client's affair.</summary>
    public static Problem? For(PostgresException exception, TableName table) => exception.SqlState switch
    {
        PostgresErrorCodes.LockNotAvailable =>
            DatasetProblems.TableBusy(table.ToString()),
        PostgresErrorCodes.InsufficientPrivilege =>
            Mismatch(table, $"The service's database role may not do this: {exception.MessageText}."),
        // Made by someone else between our look and our CREATE: a second look will see it.
        PostgresErrorCodes.DuplicateTable or PostgresErrorCodes.DuplicateColumn =>
            DatasetProblems.TableBusy(table.ToString()),
        PostgresErrorCodes.DuplicateObject or PostgresErrorCodes.TooManyColumns or PostgresErrorCodes.InvalidTableDefinition =>
            Mismatch(table, $"PostgreSQL refuses the table: {exception.MessageText}."),
        _ => null,
    };

    public static Problem NoSchema(TableName table) => Mismatch(
        table, $"There is no schema \"{table.Schema}\": CREATE SCHEMA {Identifier.Quote(table.Schema)} makes it.");

    private static Problem Mismatch(TableName table, string message) => DatasetProblems.TableMismatch(
        table.ToString(), new Dictionary<string, string[]> { [Pointer] = [message] });
}
