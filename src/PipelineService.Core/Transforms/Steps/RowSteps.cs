using System.Collections.Immutable;
using PipelineService.Core.Datasets;
using PipelineService.Core.Datasets.Transforms;
using PipelineService.Core.Lookups;
using PipelineService.Core.Parsing;
using PipelineService.Core.Scoring;
using PipelineService.Core.Transforms.Expressions;
using PipelineService.Core.Transforms.Expressions.Typing;
using PipelineService.Core.Transforms.Steps.Rows;
using PipelineService.Core.Transforms.Steps.Text;
using PipelineService.Core.Values;

namespace PipelineService.Core.Transforms.Steps;

/// <summary>Compiles the ops of a definition: the one table from op to step.</summary>
public sealed class RowSteps
{
    private readonly DatasetDefinition _definition;
    private readonly Func<string, byte[]?> _secretOf;
    private readonly FieldScope _scope;
    private readonly FieldOrigins _origins;
    private readonly ImmutableArray<FieldDefinition> _fields;

    /// <summary>The fields whose values are in their slots by now.</summary>
    private readonly HashSet<int> _read = [];

    private RowSteps(DatasetDefinition definition, Func<string, byte[]?> secretOf)
    {
        _definition = definition;
        _secretOf = secretOf;
        _scope = new FieldScope(definition.Schema);
        _origins = new FieldOrigins(definition.Schema.Fields.Length);
        _fields = definition.Columns;
    }

    /// <summary>One step for each op of the definition, in its order.</summary>
    /// <param name="definition">Already checked.</param>
    /// <param name="secretOf">The secret of a name, null where there is none.</param>
    /// <exception cref="SecretMissingException">A secret that an op names is not there (any more).</exception>
    public static ImmutableArray<RecordStep> Of(DatasetDefinition definition, Func<string, byte[]?> secretOf)
    {
        RowSteps steps = new(definition, secretOf);
        return [.. definition.Transforms.Select(steps.Next)];
    }

    private RecordStep Next(TransformOp op, int index)
    {
        ImmutableArray<StepField> fields = StepField.Of(_definition, _scope, op);
        ImmutableArray<int> worksOn = [.. fields.Select(field => field.Index)];
        var expressions = ExpressionScope.At(_fields, _scope.Fields.Count);
        _scope.AddSetsOf(op, index);
        ImmutableArray<int> sets = [.. op.Sets.Select(set => _scope.IndexOf(set.Name))];
        switch (op)
        {
            case ExpressionOp computed:
                return CompileExpression(computed, index, sets, expressions);
            case LookupOp lookup:
                return CompileLookup(lookup, index, [.. lookup.Fields.Select(_scope.IndexOf)], sets);
            case ScoreOp score:
                return CompileScore(score, index, [.. score.Fields.Select(_scope.IndexOf)], sets);
        }

        RecordStep step = Compile(op, index, fields, sets);
        _origins.Set(sets, worksOn);

        // What takes personal data away may come behind an op that has read it; who reads it then sees what is left.
        _read.ExceptWith(worksOn);
        return step;
    }

    private RecordStep Compile(TransformOp op, int index, ImmutableArray<StepField> fields, ImmutableArray<int> sets)
    {
        return op switch
        {
            TrimOp trim => new TrimStep(fields, trim.Characters),
            CollapseWhitespaceOp => new CollapseWhitespaceStep(fields),
            LowerOp => new CaseStep(fields, isUpper: false),
            UpperOp => new CaseStep(fields, isUpper: true),
            ReplaceOp { Pattern: string pattern } replace => new ReplacePatternStep(fields, pattern, replace.With),
            ReplaceOp replace => new ReplaceTextStep(fields, replace.Text!, replace.With),
            MapOp map => new MapStep(fields, map),
            NullIfOp nullIf => new NullIfStep(fields, nullIf.Values),
            DefaultOp otherwise => new DefaultStep(fields, otherwise.Value),
            TruncateOp truncate => new TruncateStep(fields, index, truncate.Length),
            PadOp pad => new PadStep(fields, pad),
            ParseDateOp parse => new ParseDateStep(fields, index, parse),
            DatePartOp part => new DatePartStep(fields[0], sets[0], part.Part),
            FlattenOp flatten => new FlattenStep(fields[0], sets, flatten),
            SplitOp split => new SplitStep(fields[0], sets, split.Separator),
            ConcatOp concat => new ConcatStep(fields, sets[0], concat.Separator),
            PrivacyOp privacy => CompilePrivacy(privacy, fields),
            _ => throw new InvalidOperationException($"No step for {op.Word}."),
        };
    }

    private RecordStep CompilePrivacy(PrivacyOp op, ImmutableArray<StepField> fields)
    {
        ImmutableArray<int> hides = op.Pii ? _origins.OfAndIn([.. fields.Select(field => field.Index)]) : [];
        return op switch
        {
            HashOp hash => new HashStep(fields, hash.Algorithm, SecretOf(hash)) { Hides = hides },
            MaskOp mask => new MaskStep(fields, mask) { Hides = hides },
            RedactOp redact => new RedactStep(fields, redact.With) { Hides = hides },
            _ => throw new InvalidOperationException($"No step for {op.Word}."),
        };
    }

    private ExpressionStep CompileExpression(ExpressionOp op, int index, ImmutableArray<int> sets, ExpressionScope scope)
    {
        FieldDefinition? target = op is DeriveOp ? _fields[sets[0]] : null;
        ImmutableArray<ExpressionFault> faults =
            ExpressionCheck.Check(op.Expression, scope, ExpressionScope.ExpectedOf(target), out CheckedExpression? expression);
        if (expression is null)
        {
            throw new InvalidOperationException($"The expression of op {index} has a fault: {faults[0].Sentence}");
        }

        SlotReader reader = ReaderOf(expression.Fields);
        ImmutableArray<int> inputs = _origins.Of(expression.Fields);
        _origins.Set(sets, expression.Fields);
        _read.UnionWith(sets);
        return op switch
        {
            DeriveOp derive => new DeriveStep(expression, reader, inputs, index, sets[0], derive.OnError),
            FilterOp => new FilterStep(expression, reader, inputs),
            RequireOp => new RequireStep(expression, reader, inputs),
            _ => throw new InvalidOperationException($"No step for {op.Word}."),
        };
    }

    private LookupStep CompileLookup(LookupOp op, int index, ImmutableArray<int> worksOn, ImmutableArray<int> sets)
    {
        // What a record keeps where there is no row is read by then, or nobody could tell later what it is.
        SlotReader reader = ReaderOf(worksOn);
        SlotReader kept = op.Missing == OnMissing.Keep
            ? new SlotReader([.. SlotsOf(sets.Where(set => !_read.Contains(set)))])
            : SlotReader.None;
        ImmutableArray<int> inputs = _origins.Of(worksOn);
        LookupUse use = new(
            index,
            op.From,
            [.. op.Key.Zip(worksOn, (name, field) => new LookupColumn(name, KindOf(field)))],
            [.. op.Sources.Zip(sets, (name, field) => new LookupColumn(name, KindOf(field)))],
            op.Pii);
        _origins.Set(sets, worksOn);
        _read.UnionWith(sets);
        return new LookupStep(use, reader, kept, worksOn, sets, inputs, op.Missing) { Hides = op.Pii ? sets : [] };
    }

    private ScoreStep CompileScore(ScoreOp op, int index, ImmutableArray<int> worksOn, ImmutableArray<int> sets)
    {
        SlotReader reader = ReaderOf(worksOn);
        ImmutableArray<int> inputs = _origins.Of(worksOn);
        var use = ScoreUse.Of(
            index, op, field => (worksOn[field], KindOf(worksOn[field])), set => (sets[set], KindOf(sets[set])));
        _origins.Set(sets, worksOn);
        _read.UnionWith(sets);
        return new ScoreStep(use, reader, sets, inputs, op.OnError) { Hides = op.Pii ? sets : [] };
    }

    private SlotReader ReaderOf(IEnumerable<int> fields) => new([.. SlotsOf(fields.Where(_read.Add))]);

    private IEnumerable<FieldSlot> SlotsOf(IEnumerable<int> fields) =>
        fields.Select(field => new FieldSlot(_fields[field], field, _definition.Schema.MissingValuesOf(_fields[field])));

    private TypedKind KindOf(int field) => FieldKinds.Of(_fields[field])
        ?? throw new InvalidOperationException($"No op can use {_fields[field].Name}.");

    private byte[] SecretOf(HashOp hash) =>
        hash.Secret is not string name ? [] : _secretOf(name) ?? throw new SecretMissingException(name);
}
