using PipelineService.Core.Datasets;
using PipelineService.Core.Datasets.Transforms;
using PipelineService.Core.Rules;
using PipelineService.Core.Transforms.Expressions.Typing;

namespace PipelineService.Datasets.Definitions.Transforms;

/// <summary>The fields of an op that asks a service: of which values it can ask, and which can take what is answered.</summary>
internal static class HttpFields
{
    public static void Check(HttpOp op, OpReader reader, FieldScope scope, DefinitionFaults faults)
    {
        for (int i = 0; i < op.Fields.Length; i++)
        {
            if (scope.IsPattern(op.Fields[i]))
            {
                faults.Add(reader.FieldPointers[i], "Must be the name of one field: a pattern may stand for several.");
            }
            else if (scope.IndexOf(op.Fields[i]) is int own and >= 0 && FieldKinds.Of(scope.Fields[own]) is null)
            {
                faults.Add(reader.FieldPointers[i], $"\"{Excerpt.Of(op.Fields[i])}\" {FieldKinds.RefusalOf(scope.Fields[own])}, so it cannot be sent.");
            }
        }

        for (int i = 0; i < op.Sets.Length; i++)
        {
            int known = scope.IndexOf(op.Sets[i].Name);
            FieldDefinition field = known >= 0 ? scope.Fields[known] : op.Sets[i].ToField(op.SetTypeOf(op.Sets[i]));
            if (FieldKinds.Of(field) is null)
            {
                faults.Add(
                    reader.SetPointers[i].Name, $"\"{Excerpt.Of(field.Name)}\" {FieldKinds.RefusalOf(field)}, so it cannot take an answer.");
            }
            else if (known < 0 && op.Missing == OnMissing.Keep)
            {
                faults.Add(
                    reader.SetPointers[i].Name,
                    $"Nothing gives \"{Excerpt.Of(field.Name)}\" a value before, which it could keep: use \"missing\": \"null\".");
            }
        }
    }
}
