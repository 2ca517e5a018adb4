using PipelineService.Core.Datasets.Transforms;

namespace PipelineService.Datasets.Definitions.Transforms;

/// <summary>Writes ops in their canonical form: see <see cref="DefinitionWriter"/>.</summary>
internal static class TransformWriter
{
    public static TransformDocument ToDocument(TransformOp op)
    {
        TransformDocument common = new() { Op = op.Word, Name = op.Name };
        return op switch
        {
            DatePartOp part => common with
            {
                Field = op.Fields[0],
                Part = OpWords.DateParts.WordFor(part.Part),
                Into = [.. op.Sets.Select(ToDocument)],
            },
            FlattenOp flatten => common with
            {
                Field = op.Fields[0],
                Separator = flatten.Separator,
                Depth = flatten.Depth,
                Into = [.. flatten.Members.Select((member, i) => ToDocument(op.Sets[i]) with { Source = member })],
                Rest = flatten.Rest is null ? null : ToDocument(op.Sets[^1]),
            },
            SplitOp split => common with { Field = op.Fields[0], Separator = split.Separator, Into = [.. op.Sets.Select(ToDocument)] },
            ConcatOp concat => WithSet(common, op) with { Fields = op.Fields, Separator = concat.Separator },
            DeriveOp derive => WithSet(common, op) with
            {
                Expression = derive.Expression,
                OnError = OpWords.OnErrors.WordFor(derive.OnError),
            },
            FilterOp filter => common with { Expression = filter.Expression },
            RequireOp require => common with
            {
                Expression = require.Expression,
                Code = require.Code,
                Message = require.Message,
            },
            LookupOp lookup => common with
            {
                From = lookup.From,
                Match = new OrderedDictionary<string, string>(lookup.Key.Zip(op.Fields, KeyValuePair.Create)),
                Set = new OrderedDictionary<string, string>(
                    op.Sets.Zip(lookup.Sources, (set, source) => KeyValuePair.Create(set.Name, source))),
                Into = op.Sets.Any(set => set.Type is not null) ? [.. op.Sets.Where(set => set.Type is not null).Select(ToDocument)] : null,
                Missing = OpWords.OnMissings.WordFor(lookup.Missing),
                Pii = lookup.Pii ? true : null,
            },
            ScoreOp score => common with
            {
                Model = score.Model,
                Inputs = ScoreDocument.InputsOf(score),
                Defaults = ScoreDocument.DefaultsOf(score),
                Set = new OrderedDictionary<string, string>(
                    op.Sets.Zip(score.Outputs, (set, output) => KeyValuePair.Create(set.Name, output))),
                Into = op.Sets.Any(set => set.Type is not null) ? [.. op.Sets.Where(set => set.Type is not null).Select(ToDocument)] : null,
                OnError = OpWords.OnErrors.WordFor(score.OnError),
                Pii = score.Pii ? true : null,
            },
            _ => WithParameters(common with { Fields = op.Fields }, op),
        };
    }

    private static TransformDocument WithParameters(TransformDocument common, TransformOp op) => op switch
    {
        TrimOp trim => common with { Characters = trim.Characters },
        ReplaceOp replace => common with { Text = replace.Text, Pattern = replace.Pattern, With = replace.With },
        MapOp map => common with
        {
            Table = new OrderedDictionary<string, string>(map.Table),
            Else = OpWords.MapElses.WordFor(map.Else),
        },
        NullIfOp nullIf => common with { Values = nullIf.Values },
        DefaultOp otherwise => common with { Value = otherwise.Value },
        TruncateOp truncate => common with { Length = truncate.Length },
        PadOp pad => common with
        {
            Length = pad.Length,
            Side = OpWords.PadSides.WordFor(pad.Side),
            Character = pad.Character.ToString(),
        },
        ParseDateOp parse => common with { Formats = parse.Formats, OnError = OpWords.OnErrors.WordFor(parse.OnError) },
        HashOp hash => common with
        {
            Algorithm = OpWords.HashKinds.WordFor(hash.Algorithm),
            Secret = hash.Algorithm == HashKind.HmacSha256 ? hash.Secret : null,
            SaltFrom = hash.Algorithm == HashKind.Sha256 ? hash.Secret : null,
            Pii = hash.Pii,
        },
        MaskOp mask => common with
        {
            KeepFirst = mask.KeepFirst,
            KeepLast = mask.KeepLast,
            Character = mask.Character.ToString(),
            Pii = mask.Pii ? true : null,
        },
        RedactOp redact => common with { With = redact.With, Pii = redact.Pii ? true : null },
        _ => common,
    };

    private static TransformDocument WithSet(TransformDocument common, TransformOp op) => common with
    {
        Field = op.Sets[0].Name,
        Type = op.Sets[0].Type is { } type ? DefinitionWords.FieldTypes.WordFor(type) : null,
        Format = op.Sets[0].Format,
        SqlType = op.Sets[0].SqlType?.ToString(),
    };

    private static SetFieldDocument ToDocument(SetField set) => new()
    {
        Name = set.Name,
        Type = set.Type is { } type ? DefinitionWords.FieldTypes.WordFor(type) : null,
        Format = set.Format,
        SqlType = set.SqlType?.ToString(),
    };
}
