using System.Collections.Immutable;
using Npgsql;
using PipelineService.Core.Datasets;
using PipelineService.Datasets.Definitions;
using PipelineService.Datasets.Definitions.Transforms;
using PipelineService.Hosting;
using PipelineService.Hosting.Postgres;

namespace PipelineService.Datasets.Tables;

/// <summary>
/// The column types of a definition as the database knows them: those that a definition names get the one name by which the
/// catalog writes them, and where a field names none, the type that its column has may decide. What is stored says the types,
/// so that a job needs no look at the table to know them, and the same definition put again is the same.
/// </summary>
internal static class ColumnTypes
{
    /// <summary>Which kinds of types (pg_type.typcategory) can mean the values of a field type: those, and texts.</summary>
    private static readonly ImmutableDictionary<FieldType, string> Categories = new Dictionary<FieldType, string>
    {
        [FieldType.Integer] = "NUS",
        [FieldType.Number] = "NUS",
        [FieldType.Boolean] = "BUS",
        [FieldType.Date] = "DUS",
        [FieldType.Time] = "DUS",
        [FieldType.DateTime] = "DUS",
        [FieldType.Object] = "US",
        [FieldType.Array] = "AUS",
        [FieldType.GeoJson] = "US",
        [FieldType.List] = "AU",
        [FieldType.Year] = "NUS",
        [FieldType.YearMonth] = "DUS",
        [FieldType.Duration] = "TUS",
        [FieldType.GeoPoint] = "GUS",
    }.ToImmutableDictionary();

    /// <summary>Fills in the types, inside the caller's transaction.</summary>
    /// <param name="faults">Takes the types that there are not, each at its field.</param>
    public static async Task<DatasetDefinition> ResolveAsync(
        NpgsqlConnection connection, DatasetDefinition definition, DefinitionFaults faults, CancellationToken cancellationToken)
    {
        ImmutableArray<FieldDefinition> columns = definition.Columns;
        Dictionary<string, NamedType> named = [];
        foreach (string written in columns.Select(f => f.SqlType?.Written).OfType<string>().Distinct())
        {
            named.Add(written, await FindAsync(connection, written, cancellationToken));
        }

        TableShape? table = await TargetTable.LookAsync(connection, definition.Load.Table, cancellationToken);
        ColumnPointers pointers = new(definition);
        return definition.WithColumnTypes(
        [
            .. columns.Select((field, index) => field.SqlType is null ? TypeInTable(field, table)
                : field.SqlType.Written is string written
                    ? Checked(field, named[written], pointers.ToSqlType(index), faults)
                : field.SqlType),
        ]);
    }

    /// <summary>
    /// A text takes the type of its column if only the database knows that type, and an array that of a column of arrays; a
    /// time keeps as many digits as its column. Where another field type is meant for the column's type, the field says so.
    /// </summary>
    /// <returns>Null: the default of the field's type.</returns>
    private static SqlType? TypeInTable(FieldDefinition field, TableShape? table)
    {
        if (table?.Columns.FirstOrDefault(c => c.Name == field.Name) is not ColumnShape column
            || SqlTypeText.Parse(column.Type).Type is not SqlType type
            || column.BaseType == field.ColumnType.ToString())
        {
            return null;
        }

        bool isRead = FieldCapabilities.IsAllowed(field, type) && (field with { SqlType = type }).IsReadByColumn;
        bool decides = isRead
            ? field.Type is FieldType.String or FieldType.Any || (field.Type is FieldType.Array or FieldType.List && type.IsArray)
            : field.Type is FieldType.Time or FieldType.DateTime && type.Name == field.ColumnType.Name;
        return decides ? type : null;
    }

    private static SqlType? Checked(FieldDefinition field, NamedType named, string pointer, DefinitionFaults faults)
    {
        string? fault = named.Fault;
        SqlType? type = SqlTypeText.Parse(named.Name).Type;
        if (fault is null && !CanMean(field.Type, named.Category, type))
        {
            string word = DefinitionWords.FieldTypes.WordFor(field.Type);
            fault = $"A field of type {word} cannot be stored as {named.Name}: use one of"
                + $" {FieldCapabilities.AllowedSqlTypes(field)}, or a field of type string.";
        }

        if (fault is not null)
        {
            faults.Add(pointer, fault);
            return field.SqlType;
        }

        return type == field.DefaultColumnType ? null : type;
    }

    /// <summary>A domain of arrays is no type for arrays here: that it is one shows in no name.</summary>
    private static bool CanMean(FieldType field, string category, SqlType? type) =>
        !Categories.TryGetValue(field, out string? categories)
        || (categories.Contains(category, StringComparison.Ordinal) && (category != "A" || type?.IsArray == true));

    /// <summary>
    /// Looks a type up, and has PostgreSQL read its modifiers by making a column of it. Only what <c>to_regtype</c> has taken
    /// for a type goes into that statement.
    /// </summary>
    private static async Task<NamedType> FindAsync(
        NpgsqlConnection connection, string written, CancellationToken cancellationToken)
    {
        await ExecuteAsync(connection, TableSql.BeginType, cancellationToken);
        try
        {
            await using NpgsqlCommand exists = new(TableSql.TypeExists, connection) { Parameters = { new() { Value = written } } };
            if (await exists.ExecuteScalarAsync(cancellationToken) is not true)
            {
                return new("", "", $"The database has no column type \"{Shown(written)}\".{Suggestion.For(written, SqlTypeText.KnownNames)}"
                    + " One whose schema is not on the search path is named with it: schema.type.");
            }

            await ExecuteAsync(connection, TableSql.MakeColumnOf(written), cancellationToken);
            await using NpgsqlCommand look = new(TableSql.TypeOfColumn, connection);
            await using NpgsqlDataReader reader = await look.ExecuteReaderAsync(cancellationToken);
            await reader.ReadAsync(cancellationToken);
            return new(reader.GetString(0), reader.GetString(1), Fault: null);
        }
        catch (PostgresException e) when (SqlFaults.Of(e) is SqlFault.Row or SqlFault.Statement)
        {
            return new("", "", $"\"{Shown(written)}\" is no column type that PostgreSQL takes: {e.MessageText}.");
        }
        finally
        {
            await ExecuteAsync(connection, TableSql.EndType, cancellationToken);
        }
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = new(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static string Shown(string text) => Core.Rules.Excerpt.Of(text);

    /// <param name="Name">In the catalog's spelling.</param>
    /// <param name="Category">pg_type.typcategory.</param>
    /// <param name="Fault">Why it is no type for a column; else null.</param>
    private sealed record NamedType(string Name, string Category, string? Fault);
}
