using System.Collections.Immutable;
using PipelineService.Core.Datasets;
using PipelineService.Core.Datasets.Transforms;
using PipelineService.Core.Parsing;
using PipelineService.Core.Transforms.Steps.Text;

namespace PipelineService.Core.Transforms.Steps;

/// <summary>Compiles the ops of a definition: the one table from op to step.</summary>
public static class RowSteps
{
    /// <summary>One step for each op of the definition, in its order.</summary>
    /// <param name="definition">Already checked.</param>
    /// <param name="secretOf">The secret of a name, null where there is none.</param>
    /// <exception cref="SecretMissingException">A secret that an op names is not there (any more).</exception>
    public static ImmutableArray<RecordStep> Of(DatasetDefinition definition, Func<string, byte[]?> secretOf)
    {
        FieldScope scope = new(definition.Schema);
        var steps = ImmutableArray.CreateBuilder<RecordStep>(definition.Transforms.Length);
        for (int index = 0; index < definition.Transforms.Length; index++)
        {
            TransformOp op = definition.Transforms[index];
            ImmutableArray<StepField> fields = StepField.Of(definition, scope, op);
            scope.AddSetsOf(op, index);
            steps.Add(Compile(op, index, fields, [.. op.Sets.Select(set => scope.IndexOf(set.Name))], secretOf));
        }

        return steps.DrainToImmutable();
    }

    private static RecordStep Compile(
        TransformOp op,
        int index,
        ImmutableArray<StepField> fields,
        ImmutableArray<int> sets,
        Func<string, byte[]?> secretOf)
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
            HashOp hash => new HashStep(fields, hash.Algorithm, SecretOf(hash, secretOf)),
            MaskOp mask => new MaskStep(fields, mask),
            RedactOp redact => new RedactStep(fields, redact.With),
            _ => throw new InvalidOperationException($"No step for {op.Word}."),
        };
    }

    private static byte[] SecretOf(HashOp hash, Func<string, byte[]?> secretOf) =>
        hash.Secret is not string name ? [] : secretOf(name) ?? throw new SecretMissingException(name);
}
