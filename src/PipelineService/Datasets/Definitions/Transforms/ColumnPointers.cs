using PipelineService.Core.Datasets;
using PipelineService.Core.Datasets.Transforms;

namespace PipelineService.Datasets.Definitions.Transforms;

/// <summary>Where a definition says what it says of each of its columns, as JSON pointers.</summary>
internal sealed class ColumnPointers(DatasetDefinition definition)
{
    private readonly IReadOnlyList<FieldPlace> _places = FieldScope.Of(definition).Places;

    /// <summary>The column's name.</summary>
    public string ToName(int column) => IsRest(column) || IsLookup(column)
        ? Of(column)
        : JsonPointer.Append(Of(column), IsOnlyField(column) ? "field" : "name");

    /// <summary>The column's SQL type.</summary>
    public string ToSqlType(int column) => IsLookup(column) ? Of(column) : JsonPointer.Append(Of(column), "sqlType");

    /// <summary>Whether the column may be NULL; that of a field that only transforms set always may.</summary>
    public string ToRequired(int column) =>
        _places[column].IsInSchema ? $"{Of(column)}/constraints/required" : ToName(column);

    /// <summary>Where all of it stands.</summary>
    private string Of(int column)
    {
        (int op, int index) = _places[column];
        return _places[column].IsInSchema ? JsonPointer.Append("/schema/fields", index)
            : IsLookup(column)
                ? JsonPointer.Append($"{JsonPointer.Append("/transforms", op)}/set", definition.Transforms[op].Sets[index].Name)
            : IsOnlyField(column) ? JsonPointer.Append("/transforms", op)
            : IsRest(column) ? $"{JsonPointer.Append("/transforms", op)}/rest"
            : JsonPointer.Append($"{JsonPointer.Append("/transforms", op)}/into", index);
    }

    /// <summary>Whether the op has its one field beside its other properties.</summary>
    private bool IsOnlyField(int column) =>
        !_places[column].IsInSchema && definition.Transforms[_places[column].Op] is not (SplitOp or DatePartOp or FlattenOp or ExternalOp);

    private bool IsLookup(int column) => !_places[column].IsInSchema && definition.Transforms[_places[column].Op] is ExternalOp;

    /// <summary>Whether the column takes what an op gives to no other.</summary>
    private bool IsRest(int column) =>
        !_places[column].IsInSchema
        && definition.Transforms[_places[column].Op] is FlattenOp flatten && _places[column].Index == flatten.Members.Length;
}
