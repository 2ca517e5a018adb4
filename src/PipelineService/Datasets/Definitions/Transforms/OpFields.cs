using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using PipelineService.Core.Datasets;
using PipelineService.Core.Datasets.Transforms;
using PipelineService.Core.Rules;
using PipelineService.Core.Transforms.Steps;

namespace PipelineService.Datasets.Definitions.Transforms;

/// <summary>The fields that there are at each place in the list of ops: what an op may name, and what it adds.</summary>
internal sealed class OpFields
{
    private readonly DefinitionFaults _faults;
    private readonly bool _hasLineage;
    private readonly bool _isKnown;
    private readonly FieldScope _scope;
    private readonly Dictionary<int, (TransformOp Op, string Pointer)> _results = [];
    private readonly OpExpressions _expressions;
    private readonly OpRoom? _room;

    /// <param name="schema">Without fields it could not be read: then nothing is said of names.</param>
    /// <param name="hasLineage">Whether the names of the lineage columns are taken.</param>
    /// <param name="isDeclared">Whether it is declared now: what is stored was let pass once.</param>
    /// <param name="faults">Takes what is wrong.</param>
    public OpFields(TableSchema schema, bool hasLineage, bool isDeclared, DefinitionFaults faults)
    {
        _faults = faults;
        _hasLineage = hasLineage;
        _isKnown = !schema.Fields.IsEmpty;
        _scope = new FieldScope(schema);
        _expressions = new OpExpressions(faults);
        _room = isDeclared ? new OpRoom(_scope, faults) : null;
    }

    /// <summary>Looks at the fields that an op names, then takes in those that it sets.</summary>
    /// <returns>The op, with all that is known of the fields that it sets.</returns>
    public TransformOp Check(TransformOp op, int index, OpReader reader)
    {
        if (_room?.Takes(op) == false)
        {
            return op;
        }

        op = LookupFields.WithTypes(op, reader, _scope, _faults);
        op = ScoreFields.WithTypes(op, reader, _scope);
        if (op is LookupOp lookup && _isKnown)
        {
            LookupFields.Check(lookup, reader, _scope, _faults);
        }
        else if (op is HttpOp http && _isKnown)
        {
            HttpFields.Check(http, reader, _scope, _faults);
        }

        if (op is ScoreOp score && _isKnown)
        {
            ScoreFields.Check(score, reader, _scope, _faults);
        }

        for (int i = 0; i < op.Fields.Length && _isKnown; i++)
        {
            CheckNamed(op, op.Fields[i], reader.FieldPointers[i]);
            CheckFields(op, op.Fields[i], reader.FieldPointers[i]);
        }

        for (int i = 0; i < op.Sets.Length; i++)
        {
            CheckSet(op, i, reader.SetPointers[i]);
        }

        int before = _scope.Fields.Count;
        ImmutableArray<FieldUse> worksOn =
        [
            .. op.Fields.Zip(reader.FieldPointers).SelectMany(named =>
                _scope.Find(named.First, op).Select(field => new FieldUse(field, named.Second))),
        ];
        _scope.AddSetsOf(op, index);
        foreach (SetField set in op.Sets)
        {
            _results.Remove(_scope.IndexOf(set.Name));
        }

        ImmutableArray<FieldUse> sets =
            [.. op.Sets.Zip(reader.SetPointers).Select(set => new FieldUse(_scope.IndexOf(set.First.Name), set.Second.Name))];
        _expressions.Add(new PlacedOp(op, index, before, worksOn, sets, reader.ExpressionPointer));
        return op;
    }

    /// <summary>
    /// Looks at what the last op that works on a field leaves in it. Only at that: one behind a hash may well cut it to what the field
    /// can take.
    /// </summary>
    public void CheckResults()
    {
        foreach ((int index, (TransformOp op, string pointer)) in _results)
        {
            if (OpFaults.OfResult(op, _scope.Fields[index]) is string fault && !_faults.Hides(pointer))
            {
                _faults.Add(pointer, Named(fault, index, op));
            }
        }
    }

    /// <summary>Looks at what the ops compute, once all of them are known.</summary>
    public void CheckExpressions()
    {
        if (_isKnown)
        {
            _expressions.Check([.. _scope.Fields]);
        }
    }

    /// <summary>Takes in what an op that cannot be read most likely sets, so that it is not missed behind it.</summary>
    public void AddUnread(JsonElement op)
    {
        IEnumerable<string?> names = op.TryGetProperty("into", out JsonElement into) && into.ValueKind == JsonValueKind.Array
            ? into.EnumerateArray().Select(NameOf)
            : op.TryGetProperty("field", out JsonElement field) ? [NameOf(field)]
            : op.TryGetProperty("set", out JsonElement set) && set.ValueKind == JsonValueKind.Object
                ? set.EnumerateObject().Select(string? (property) => property.Name)
            : [];
        _scope.AddSetsOf(new UnreadOp { Sets = [.. names.OfType<string>().Select(name => new SetField(name))] }, 0);
    }

    /// <summary>PostgreSQL's bound on columns holds for all of them together.</summary>
    public void CheckCount(ObjectReader resource)
    {
        if (_scope.Fields.Count > TableSchemaValidator.FieldsMax && _scope.Places.Any(place => !place.IsInSchema))
        {
            resource.Fault(
                "transforms",
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"With the fields that they set there are {_scope.Fields.Count} columns: {TableSchemaValidator.FieldsMax} are possible."));
        }
    }

    private static string? NameOf(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.String => element.GetString(),
        JsonValueKind.Object when element.TryGetProperty("name", out JsonElement name) => NameOf(name),
        _ => null,
    };

    private void CheckNamed(TransformOp op, string text, string pointer)
    {
        if (_scope.Find(text, op).Any() || (op is ExternalOp && _scope.IsPattern(text)))
        {
            return;
        }

        if (!_scope.IsPattern(text))
        {
            string meant = _faults.Near(text, _scope.Fields.Select(field => field.Name));
            _faults.Add(pointer, $"\"{Excerpt.Of(text)}\" is not the name of a field here.{SourceAdvice(text) ?? meant}");
            return;
        }

        bool matchesOthers = _scope.Fields.Any(field => FieldScope.Matches(text, field.Name));
        _faults.Add(
            pointer,
            matchesOthers
                ? $"\"{Excerpt.Of(text)}\" matches no field of type {op.PatternTypes}, and {op.Word} takes others only by their names."
                : $"\"{Excerpt.Of(text)}\" matches no field.");
    }

    /// <summary>What an op has against a field that it names; of several that a pattern matches, the first.</summary>
    private void CheckFields(TransformOp op, string text, string pointer)
    {
        bool isTold = false;
        foreach (int index in _scope.Find(text, op))
        {
            if (op.Sets.IsEmpty)
            {
                _results[index] = (op, pointer);
            }

            if (!isTold && OpFaults.OfField(op, _scope.Fields[index]) is string fault)
            {
                _faults.Add(pointer, Named(fault, index, op));
                isTold = true;
            }
        }
    }

    /// <summary>A sentence about a field, with the name of the field where the op has a pattern for it.</summary>
    private string Named(string fault, int index, TransformOp op) =>
        op.Fields.Contains(_scope.Fields[index].Name) ? fault : $"\"{Excerpt.Of(_scope.Fields[index].Name)}\": {fault}";

    private string? SourceAdvice(string text) =>
        _scope.Fields.FirstOrDefault(field => field.Source == text) is { } meant
            ? $" The data calls it so, and its name is \"{Excerpt.Of(meant.Name)}\"."
            : null;

    private void CheckSet(TransformOp op, int place, SetPointer pointer)
    {
        SetField set = op.Sets[place];
        int known = _scope.IndexOf(set.Name);
        if (op.Sets.Take(place).Any(other => other.Name == set.Name))
        {
            _faults.Add(pointer.Name, $"\"{Excerpt.Of(set.Name)}\" is there twice.");
        }
        else if (known < 0)
        {
            CheckNew(op, set, pointer);
        }
        else if (set.Type is not null || set.SqlType is not null || set.Format is not null)
        {
            FieldPlace declared = _scope.Places[known];
            string where = declared.IsInSchema
                ? "the schema declares this field"
                : string.Create(CultureInfo.InvariantCulture, $"op {declared.Op} sets this field first");
            _faults.Add(
                set.Type is not null ? pointer.Type : set.SqlType is not null ? pointer.SqlType : pointer.Format,
                $"Leave it out: {where}, and says its type.");
        }
        else if (OpFaults.OfSet(op, _scope.Fields[known]) is string fault)
        {
            _faults.Add(pointer.Name, fault);
        }
    }

    private void CheckNew(TransformOp op, SetField set, SetPointer pointer)
    {
        FieldDefinition field = set.ToField(op.SetTypeOf(set));
        if (OpFaults.OfSet(op, field) is string unfit)
        {
            _faults.Add(pointer.Type, unfit);
        }

        if (IdentifierRules.FaultOfColumn(set.Name, _hasLineage) is string fault)
        {
            _faults.Add(pointer.Name, fault);
        }

        if (!_faults.Hides(pointer.SqlType) && FieldCapabilities.FaultsOf(field).FirstOrDefault().Sentence is string sentence)
        {
            _faults.Add(pointer.SqlType, sentence);
        }
    }

    private sealed record UnreadOp : TransformOp
    {
        public override string Word => "";
    }
}
