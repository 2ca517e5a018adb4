using System.Collections.Immutable;
using Npgsql;
using PipelineService.Core.Encoding;
using PipelineService.Core.Rejects;
using PipelineService.Core.Rules;
using PipelineService.Datasets.Tables;
using PipelineService.Hosting.Postgres;

namespace PipelineService.Write.Rejects;

/// <summary>
/// What a refusal of the database means in the words of the dataset: which fields a constraint is about. PostgreSQL's own text
/// names an index that nobody who sends data knows, and not the value.
/// </summary>
public sealed class RejectWords
{
    private readonly Dictionary<string, ConstraintShape> _constraints;
    private readonly Dictionary<string, UniqueKey> _keys;
    private readonly List<string> _loaded;
    private readonly bool _hides;

    public RejectWords(TableShape table, RowPlan rows)
    {
        _hides = !rows.Hidden.IsEmpty;
        _loaded = [.. rows.Columns.Select(c => c.Field.Name)];
        _constraints = table.Constraints.ToDictionary(c => c.Name, StringComparer.Ordinal);
        _keys = table.UniqueIndexes.GroupBy(i => i.Name, StringComparer.Ordinal)
            .ToDictionary(g => g.Key, g => UniqueKey.Of(g.First(), _loaded), StringComparer.Ordinal);
    }

    /// <summary>The constraint of this name; null when it is none of the table's.</summary>
    public ConstraintShape? ConstraintOf(string? name) => name is null ? null : _constraints.GetValueOrDefault(name);

    /// <summary>The error as a job may tell it.</summary>
    public PostgresException Told(PostgresException error) => _hides ? RefusalText.Veil(error) : error;

    /// <summary>A row that was refused.</summary>
    /// <param name="sqlState">What PostgreSQL raised.</param>
    /// <param name="message">Its sentence.</param>
    /// <param name="constraint">The constraint that it names; null or empty when it names none.</param>
    /// <param name="column">The column that it names, likewise.</param>
    public RejectedRow Of(int index, string sqlState, string message, string? constraint, string? column)
    {
        RecordErrorCode code = RejectedRow.CodeOf(sqlState);
        UniqueKey? key = constraint is null ? null : _keys.GetValueOrDefault(constraint);
        string? field = !string.IsNullOrEmpty(column) ? column
            : ConstraintOf(constraint) is { Columns: [string only] } ? only
            : key?.Field;
        return code switch
        {
            RecordErrorCode.Unique when key is not null => new RejectedRow(index, code, field, key.Message, key.Columns),
            RecordErrorCode.ForeignKey when ConstraintOf(constraint) is { Parent: string parent } reference => new RejectedRow(
                index, code, field, ErrorMessages.ForeignKey(parent, reference.ParentColumns), ColumnsOf(reference.Columns, _loaded)),
            _ => new RejectedRow(index, code, field, _hides ? RefusalText.Without(sqlState, constraint) : message),
        };
    }

    /// <summary>Columns as indexes into the rows'; null when the rows do not have all of them.</summary>
    private static short[]? ColumnsOf(ImmutableArray<string> names, List<string> loaded)
    {
        short[] columns = [.. names.Select(name => (short)loaded.IndexOf(name))];
        return columns.Contains((short)-1) ? null : columns;
    }

    /// <summary>A row with a value that the type of its column refuses.</summary>
    /// <inheritdoc cref="Of"/>
    public RejectedRow OfValue(int index, string sqlState, string message, string column) => new(
        index,
        RejectedRow.CodeOfValue(sqlState),
        column,
        _hides ? RefusalText.Without(sqlState, constraint: null) : message);

    /// <param name="Field">The only column of the key.</param>
    /// <param name="Columns">Its columns as indexes into the rows'; null when the rows do not have all of them.</param>
    private sealed record UniqueKey(string? Field, string Message, IReadOnlyList<short>? Columns)
    {
        public static UniqueKey Of(UniqueIndex index, List<string> loaded)
        {
            if (!index.IsPlain && !index.IsPart)
            {
                return new UniqueKey(Field: null, ErrorMessages.UniqueIndex(index.Name), Columns: null);
            }

            return new UniqueKey(
                index.Columns is [string only] ? only : null,
                ErrorMessages.Unique(index.Columns),
                ColumnsOf(index.Columns, loaded));
        }
    }
}
