using System.Collections.Immutable;
using PipelineService.Core.Datasets;
using PipelineService.Datasets.Definitions;
using PipelineService.Datasets.Definitions.Transforms;
using PipelineService.Datasets.Tables.Keys;

namespace PipelineService.Datasets.Tables;

/// <summary>
/// Holds a definition against a table that exists: which columns to add, and what stands in the way, all at once. Pure,
/// so every contradiction is a line in a test.
/// </summary>
/// <remarks>
/// A load asks for less than a declaration: a row that a NOT NULL refuses is that row's affair, and a table that was
/// widened meanwhile takes the rows as they are. But it alters nothing. The keys of a declaration are compared by
/// <see cref="KeyComparison"/>.
/// </remarks>
internal sealed class TableComparison
{
    private const string Table = "/load/table";
    private const string Lineage = "/load/lineage";

    /// <summary>Fields that a staging table surely has room for, beside lineage and what is the service's own.</summary>
    private const int ColumnsStagedMax = 1_590;

    private readonly DatasetDefinition _definition;
    private readonly ImmutableArray<FieldDefinition> _fields;
    private readonly TableShape _table;
    private readonly bool _isLoading;
    private readonly DefinitionFaults _contradictions = new();
    private readonly ImmutableArray<ColumnShape>.Builder _missing = ImmutableArray.CreateBuilder<ColumnShape>();
    private readonly ImmutableArray<string>.Builder _lax = ImmutableArray.CreateBuilder<string>();

    private TableComparison(DatasetDefinition definition, TableShape table, bool isLoading)
    {
        _definition = definition;
        _fields = definition.Columns;
        _table = table;
        _isLoading = isLoading;
        CompareKind();
        if (!_contradictions.Any)
        {
            CompareWantedColumns();
            CompareCount();
            if (isLoading)
            {
                CompareKeys();
            }
            else
            {
                CompareOtherColumns();
            }
        }
    }

    /// <summary>Columns that the table must get; empty where it must not be altered.</summary>
    public ImmutableArray<ColumnShape> ColumnsToAdd => _missing.ToImmutable();

    /// <summary>Columns that take NULL although their fields are required, in a table that may be altered.</summary>
    public ImmutableArray<string> LaxColumns => _lax.ToImmutable();

    /// <summary>JSON pointer into the definition → what the table says instead.</summary>
    public IReadOnlyDictionary<string, string[]> Contradictions => _contradictions.ToErrors();

    public static TableComparison AtDeclaration(DatasetDefinition definition, TableShape table) =>
        new(definition, table, isLoading: false);

    public static TableComparison AtLoad(DatasetDefinition definition, TableShape table) =>
        new(definition, table, isLoading: true);

    private void CompareKind()
    {
        if (TargetKind.FaultOf(_table.Relation) is string fault)
        {
            _contradictions.Add(Table, fault);
            return;
        }

        if (!_table.Relation.CanInsert)
        {
            _contradictions.Add(Table, "The service's database role may not insert into it: grant INSERT.");
        }

        if (_table.Relation is { HasRowSecurity: true, IsView: false })
        {
            _contradictions.Add(Table, "Has row-level security, with which PostgreSQL refuses COPY: exempt the service's role.");
        }
    }

    private void CompareWantedColumns()
    {
        var actual = _table.Columns.ToDictionary(c => c.Name, StringComparer.Ordinal);
        ImmutableArray<ColumnShape> wanted = TableShape.ColumnsOf(_definition);
        ColumnPointers pointers = new(_definition);
        for (int index = 0; index < wanted.Length; index++)
        {
            bool isField = index < _fields.Length;
            string pointer = isField ? pointers.ToName(index) : Lineage;
            if (actual.TryGetValue(wanted[index].Name, out ColumnShape? column))
            {
                CompareColumn(pointers, index, wanted[index], column);
            }
            else if (_isLoading)
            {
                _contradictions.Add(
                    pointer,
                    $"The table has no column \"{wanted[index].Name}\" any more: it was dropped or renamed.");
            }
            else if (_table.IsMadeByService)
            {
                _missing.Add(wanted[index]);
            }
            else
            {
                _contradictions.Add(
                    pointer,
                    $"The table has no column \"{wanted[index].Name}\", and the service did not make it, so it does not alter it."
                    + $" Add the column yourself: {wanted[index].Type}{(isField ? "" : ", or set load.lineage to false")}.");
            }
        }
    }

    private void CompareColumn(ColumnPointers pointers, int index, ColumnShape wanted, ColumnShape actual)
    {
        FieldDefinition? field = index < _fields.Length ? _fields[index] : null;
        bool fits = actual.Type == wanted.Type || (_isLoading
            ? ColumnFit.Holds(actual.BaseType ?? actual.Type, wanted.Type)
            : actual.BaseType == wanted.Type);
        if (!fits)
        {
            _contradictions.Add(
                field is null ? Lineage : pointers.ToSqlType(index),
                $"Column \"{wanted.Name}\" is {actual.Type} in the table and {wanted.Type} here."
                + (_isLoading ? "" : HowToAgree(wanted, actual, field)));
        }

        if (actual.IsGenerated)
        {
            _contradictions.Add(
                field is null ? Lineage : pointers.ToName(index),
                $"Column \"{wanted.Name}\" is generated by the {(_table.Relation.IsView ? "view" : "table")}: it takes no values.");
        }

        if (field is not null && !actual.IsNotNull && wanted.IsNotNull && _table.IsMadeByService)
        {
            _lax.Add(wanted.Name);
        }

        if (!_isLoading && actual.IsNotNull && !actual.HasDefault && !wanted.IsNotNull)
        {
            _contradictions.Add(
                field is null ? Lineage : pointers.ToRequired(index),
                $"Column \"{wanted.Name}\" is NOT NULL in the table: {(index < _definition.Schema.Fields.Length
                    ? "set required to true" : "declare the field in the schema and set required to true")}, or {DropNotNull(wanted.Name)}.");
        }
    }

    /// <summary>The ALTER TABLE that makes the column so, where its type converts, and what to declare to take it as it is.</summary>
    private string HowToAgree(ColumnShape wanted, ColumnShape actual, FieldDefinition? field)
    {
        string alter = SqlTypeText.Parse(actual.Type).Type is null or { Name: SqlTypeName.Other } ? ""
            : $" {TypeChange.Statement(_definition.Load.Table, wanted.Name, actual.Type, wanted.Type)} makes it so.";
        return alter + (field is null ? " Or set load.lineage to false." : WayOut(field, actual));
    }

    /// <summary>What to declare for such a column, as long as the field's type may go there.</summary>
    private static string WayOut(FieldDefinition field, ColumnShape actual)
    {
        bool isKnown = SqlTypeText.Parse(actual.Type).Type is { Name: not SqlTypeName.Other };
        SqlType? type = SqlTypeText.Parse(actual.BaseType ?? actual.Type).Type;
        bool isAllowed = type is not null and not { Name: SqlTypeName.Other }
            && FieldCapabilities.IsAllowed(field, type);
        return (isKnown, isAllowed) switch
        {
            (true, true) => $" Name \"{actual.Type}\" as sqlType.",
            (true, false) => "",
            (false, true) when type!.IsArray => $" It is a domain over {actual.BaseType}: name that as sqlType.",
            (false, true) => $" It is a domain over {actual.BaseType}: name that as sqlType, or the domain itself.",
            (false, false) => $" Declare the field as string, and PostgreSQL reads its text; or name \"{actual.Type}\" as sqlType.",
        };
    }

    /// <summary>
    /// How many rows land where a trigger may let some fall only binary COPY and INSERT tell. A column whose type has no binary
    /// form that is its text rules out the one, a rule or too many columns the other. Into a view there is nothing but INSERT.
    /// </summary>
    private void CompareCount()
    {
        if (_table.Relation.IsView && _fields.Length > ColumnsStagedMax)
        {
            _contradictions.Add(Table, $"Is a view: more than {ColumnsStagedMax} fields go into tables only.");
            return;
        }

        if (_table.Triggers.Any(t => t.MayChangeRows)
            && (_table.Relation.HasRules || _fields.Length > ColumnsStagedMax)
            && _fields.FirstOrDefault(IsReadFromText) is FieldDefinition field)
        {
            _contradictions.Add(
                Table,
                $"Has a trigger before each row and {(_table.Relation.HasRules ? "a rule" : $"more than {ColumnsStagedMax} columns")}:"
                + $" with column \"{field.Name}\", whose values PostgreSQL reads from text, nobody could count the rows that land.");
        }
    }

    private bool IsReadFromText(FieldDefinition field) =>
        field.IsReadByColumn
        && _table.Columns.Any(c => c.Name == field.Name && !(c.TakesText && field.SentType.Name == SqlTypeName.Text));

    private void CompareOtherColumns()
    {
        var wanted = TableShape.ColumnsOf(_definition).Select(c => c.Name).ToHashSet(StringComparer.Ordinal);
        foreach (ColumnShape column in _table.Columns.Where(c => c.IsNotNull && !c.HasDefault && !wanted.Contains(c.Name)))
        {
            _contradictions.Add(
                column.Name is LineageColumns.Job or LineageColumns.Record ? Lineage : "/schema/fields",
                $"The table has a column \"{column.Name}\" that is NOT NULL without a default and not in the definition:"
                + $" no row could be loaded. Declare it, or {DropNotNull(column.Name)}.");
        }
    }

    /// <summary>What was declared must still be kept when rows come.</summary>
    private void CompareKeys()
    {
        foreach (WantedKey key in WantedKey.Of(_definition).Where(key => !key.IsKeptBy(_table)))
        {
            _contradictions.Add(key.Pointer, KeyComparison.Lacks(_definition.Load.Table, _table, key));
        }

        foreach (WantedReference reference in ReferenceResolver.Unresolved(_definition).Where(reference => !reference.IsKeptBy(_table)))
        {
            _contradictions.Add(
                reference.Pointer, $"The table has no foreign key on ({KeySql.Names(reference.Columns)}) any more: it was dropped.");
        }
    }

    private string DropNotNull(string column) =>
        $"ALTER TABLE {_definition.Load.Table.Quoted} ALTER COLUMN {Identifier.Quote(column)} DROP NOT NULL";
}
